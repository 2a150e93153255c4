import { expect, test } from "vitest";
import type { MadeKey } from "../../live/api";
import { recipes } from "./recipes";

const key = {
  id: "k1",
  place: "primary" as const,
  created_by: "ann",
  created_at: "2026-07-03T14:00:00Z",
  expires_at: null,
  revoked_at: null,
};

test("each way in that is on has its address, and the key where it belongs", () => {
  const made: MadeKey = {
    key,
    secret: "live_s3cret",
    addresses: {
      rtmp: "rtmp://venue:1935/live",
      srt: "srt://venue:7001?passphrase=abc",
      http: "http://venue:8935/ingest/arena/",
    },
  };
  const [rtmp, srt, http] = recipes(made);
  expect(rtmp?.lines.map((line) => line.text)).toEqual([
    "rtmp://venue:1935/live",
    "live_s3cret",
    "ffmpeg -re -i clip.mp4 -c copy -f flv rtmp://venue:1935/live/live_s3cret",
  ]);
  expect(srt?.lines.at(-1)?.text).toBe(
    'ffmpeg -re -i clip.mp4 -c copy -f mpegts "srt://venue:7001?passphrase=abc"',
  );
  expect(JSON.stringify(srt)).not.toContain("live_s3cret");
  expect(http?.lines.at(-1)?.text).toContain(
    '"Authorization: Bearer live_s3cret" http://venue:8935/ingest/arena/live.m3u8',
  );
});

test("a way that is off is not spoken of", () => {
  const off = { rtmp: null, srt: null, http: "http://venue:8935/ingest/arena/" };
  expect(recipes({ key, secret: "s", addresses: off }).map((each) => each.way)).toEqual(["HTTP"]);
});
