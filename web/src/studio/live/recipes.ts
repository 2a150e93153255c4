/** What to type into an encoder, for each way in that is on. Pure. */
import type { MadeKey } from "../../live/api";

export interface Recipe {
  way: string;
  /** Fields of an encoder's settings, and commands; each can be copied. */
  lines: { name: string; text: string }[];
}

const INPUT = "ffmpeg -re -i clip.mp4 -c copy";

export function recipes({ secret, addresses }: MadeKey): Recipe[] {
  const found: Recipe[] = [];
  if (addresses.rtmp) {
    found.push({
      way: "RTMP",
      lines: [
        { name: "OBS: Settings, Stream, Service “Custom…”, Server", text: addresses.rtmp },
        { name: "OBS: Stream Key", text: secret },
        { name: "ffmpeg", text: `${INPUT} -f flv ${addresses.rtmp}/${secret}` },
      ],
    });
  }
  if (addresses.srt) {
    found.push({
      way: "SRT",
      lines: [
        { name: "OBS: Server (the Stream Key stays empty)", text: addresses.srt },
        { name: "ffmpeg", text: `${INPUT} -f mpegts "${addresses.srt}"` },
      ],
    });
  }
  if (addresses.http) {
    const where = `${addresses.http}live.m3u8`;
    found.push({
      way: "HTTP",
      lines: [
        { name: "Address to push HLS, DASH or CMAF tracks below", text: addresses.http },
        { name: "Bearer token, or password", text: secret },
        {
          name: "ffmpeg",
          text: `${INPUT} -f hls -hls_time 2 -method PUT -http_persistent 1 -headers "Authorization: Bearer ${secret}" ${where}`,
        },
      ],
    });
  }
  return found;
}
