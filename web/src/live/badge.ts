/** In one word what a channel is about. */
import { element } from "../element";
import type { ChannelState } from "./api";

const WORDS: Record<ChannelState, string> = {
  idle: "Idle",
  waiting: "Waiting",
  live: "Live",
  interrupted: "Interrupted",
  ended: "Ended",
};

/** Before the first picture viewers are told that there will be one. */
const FOR_VIEWERS: Record<ChannelState, string> = { ...WORDS, idle: "Soon", waiting: "Soon" };

export interface Badge {
  root: HTMLElement;
  show(state: ChannelState): void;
}

export function createBadge(audience: "viewers" | "editors"): Badge {
  const root = element("span", { class: "live-badge" });
  return {
    root,
    show: (state) => {
      root.textContent = (audience === "viewers" ? FOR_VIEWERS : WORDS)[state];
      root.dataset["state"] = state;
    },
  };
}
