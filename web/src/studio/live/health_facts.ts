/** The numbers of a channel's health, as editors read them. */
import { element } from "../../element";
import type { Health, PublisherHealth } from "../../live/api";
import { timeOfDay } from "../../live/times";

/** What it is, how much, and whether something is to be done about it. */
export type Fact = [term: string, value: string, bad: boolean];

/** Key pictures rarer than this make whoever takes over wait for one. */
const LONGEST_KEY_S = 4;
/** More of a clock's error is not made up for. */
const FASTEST_PPM = 500;
/** So many objects are always on their way. */
const UPLOADS = 40;

const EXPLAINED: [string, string][] = [
  ["Dropped", "pictures that came and were not shown: two for one moment, or none before them to build on."],
  ["Filled in", "moments without a picture, in which the one before was shown again."],
  ["Key pictures", "how far apart they are. Set the encoder to 2 s."],
  ["Behind", "from the arrival of a picture to its being handed out to viewers."],
  [
    "Clock",
    "how wrong the encoder’s clock runs, in millionths (100 are 0.36 s an hour), and what was made up for by now. " +
      "Up to 500 are made up for; it takes some minutes to tell.",
  ],
  ["Uploads waiting", "objects on their way to the bucket. Some tens are as it should be."],
  [
    "Lost",
    "seconds of this event that the bucket did not take in time. Viewers saw them; the recording and clips lack them.",
  ],
];

/** How what is shown gets into the bucket; nothing before it is known. */
export function storedFacts(health: Pick<Health, "uploads_waiting" | "lost_s">): Fact[] {
  const { uploads_waiting: waiting, lost_s: lost } = health;
  if (waiting === null || lost === null) return [];
  return [
    ["Uploads waiting", String(waiting), waiting > UPLOADS],
    ["Lost", secondsText(lost), lost > 0],
  ];
}

export function factsOf(publisher: PublisherHealth, rate: string): Fact[] {
  const { frame_rate: stated, measured_frame_rate: measured, keyframe_interval_s: interval } = publisher;
  const size = publisher.width && publisher.height ? `${publisher.width}×${publisher.height}` : "–";
  const fps = known(measured ?? stated, (value) => value.toFixed(2).replace(/\.?0+$/, ""));
  const codecs = [publisher.video_codec, publisher.audio_codec].filter(Boolean).join(", ");
  const off = stated !== null && measured !== null && Math.abs(measured - stated) > 0.03 * stated;
  return [
    ["Bit rate", rate, false],
    ["Picture", size, false],
    ["Frame rate", off ? `${fps} of ${stated}` : fps, off],
    ["Dropped", known(publisher.dropped_frames, String), false],
    ["Filled in", known(publisher.filled_frames, String), false],
    [
      "Key pictures",
      known(interval, (value) => `every ${value.toFixed(1)} s`),
      (interval ?? 0) > LONGEST_KEY_S,
    ],
    [
      "Behind",
      known(publisher.behind_ms, (value) =>
        value < 1000 ? `${value} ms` : `${(value / 1000).toFixed(1)} s`,
      ),
      false,
    ],
    ["Clock", clockText(publisher), Math.abs(publisher.clock_drift_ppm ?? 0) > FASTEST_PPM],
    ["Encoder restarts", String(publisher.encoder_restarts), publisher.encoder_restarts > 0],
    ["Codecs", codecs || "–", false],
    ["Way in", publisher.way.toUpperCase(), false],
    ["Since", timeOfDay(Date.parse(publisher.since)), false],
  ];
}

/** "80 ppm slow, +0.34 s": how wrong his clock is, and what was added to his time stamps. */
export function clockText(
  publisher: Pick<PublisherHealth, "clock_drift_ppm" | "clock_corrected_ms">,
): string {
  const { clock_drift_ppm: ppm, clock_corrected_ms: corrected } = publisher;
  const speed = ppm === null ? "" : ppm === 0 ? "exact" : `${Math.abs(ppm)} ppm ${ppm > 0 ? "fast" : "slow"}`;
  const moved =
    corrected === null ? "" : `${corrected < 0 ? "−" : "+"}${(Math.abs(corrected) / 1000).toFixed(2)} s`;
  return [speed, moved].filter(Boolean).join(", ") || "–";
}

/** "0 s", "0.3 s", "12 s", "3 min 20 s"; what is lost is never told as nothing. */
export function secondsText(seconds: number): string {
  if (seconds > 0 && seconds < 10) return `${Math.max(0.1, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** What the numbers mean, for who asks. */
export function explanations(): HTMLElement {
  return element(
    "details",
    { class: "explained" },
    element("summary", {}, "What the numbers mean"),
    element(
      "dl",
      {},
      ...EXPLAINED.map(([term, meaning]) =>
        element("div", {}, element("dt", {}, term), element("dd", {}, meaning)),
      ),
    ),
  );
}

function known(value: number | null, text: (value: number) => string): string {
  return value === null ? "–" : text(value);
}
