// Fetch a multivariant playlist and everything it names; parse all of it with hls-parser in strict mode.
// Prints {"playlists": n, "iframes": n, "errors": [...]}.
import HLS from "hls-parser";

HLS.setOptions({ strictMode: true });

const errors = [];
let count = 0;
let iframes = 0;

async function read(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  count += 1;
  return HLS.parse(await answer.text());
}

try {
  const root = process.argv[2];
  const multivariant = await read(root);
  if (!multivariant.isMasterPlaylist) throw new Error("the first playlist lists no variants");
  const named = new Set();
  for (const variant of multivariant.variants) {
    named.add(variant.uri);
    for (const rendition of [...variant.audio, ...variant.subtitles]) if (rendition.uri) named.add(rendition.uri);
  }
  for (const uri of named) {
    const media = await read(new URL(uri, root));
    if (!media.endlist || media.playlistType !== "VOD") errors.push(`${uri}: no VOD playlist with an end`);
    if (media.isIFrame) iframes += 1;
    for (const segment of media.segments) {
      if (media.isIFrame && !segment.byterange) errors.push(`${uri}: an I-frame without a byte range`);
      if (segment.duration > media.targetDuration + 0.5) errors.push(`${uri}: a segment of ${segment.duration} s`);
    }
  }
} catch (error) {
  errors.push(String(error));
}
console.log(JSON.stringify({ playlists: count, iframes, errors }));
