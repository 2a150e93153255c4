// Load live playlists as hls.js does: the first as a whole, then delta updates that it merges into what it has.
// argv: hls.mjs. Input: [[whole, delta], …]. Output: {"merged": […], "whole": […], "skipped": [n, …], "errors": […]}.
import { readFileSync } from "node:fs";

globalThis.self = globalThis;
const { BasePlaylistController, M3U8Parser } = await import(process.argv[2]);

const errors = [];
const quiet = () => {};
const logger = { trace: quiet, debug: quiet, log: quiet, info: quiet, warn: (...said) => errors.push(said.join(" ")), error: quiet };
const player = new BasePlaylistController({
  config: { liveMaxUnchangedPlaylistRefresh: 1000, lowLatencyMode: true },
  logger,
  trigger: (_, event) => errors.push(event.reason),
});

function read(text) {
  const found = M3U8Parser.parseLevelPlaylist(text, "https://live.example/v/index.m3u8", 0, "main", 0, null);
  if (found.playlistParsingError) errors.push(found.playlistParsingError.message);
  return found;
}

function seen(playlist) {
  const segments = playlist.fragmentHint ? [...playlist.fragments, playlist.fragmentHint] : playlist.fragments;
  return {
    segments: segments.map((one) => [one.sn, one.cc, one.relurl, one.initSegment.relurl, one.programDateTime, !!one.gap, one.byteRange]),
    parts: (playlist.partList ?? []).map((one) => [one.fragment.sn, one.index, one.relurl, one.independent, !!one.gap]),
    ranges: Object.keys(playlist.dateRanges).sort(),
    reports: (playlist.renditionReports ?? []).length,
  };
}

const merged = [];
const whole = [];
const skipped = [];
let known = null;
for (const [text, delta] of JSON.parse(readFileSync(0, "utf8"))) {
  const next = read(known ? delta : text);
  skipped.push(next.skippedSegments);
  player.playlistLoaded(0, { details: next, stats: { loading: { first: 0, start: 0 } }, levelInfo: { id: 0 } }, known);
  known = next;
  merged.push(seen(next));
  whole.push(seen(read(text)));
}
process.stdout.write(JSON.stringify({ merged, whole, skipped, errors }));
