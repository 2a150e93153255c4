/** In one word what a channel is about. */
import { element } from "../element";
import type { ChannelState } from "./api";

const WORDS: Record<ChannelState, string> = {
  idle: "Soon",
  waiting: "Soon",
  live: "Live",
  interrupted: "Interrupted",
  ended: "Ended",
};

export interface Badge {
  root: HTMLElement;
  show(state: ChannelState): void;
}

export function createBadge(): Badge {
  const root = element("span", { class: "live-badge" });
  return {
    root,
    show: (state) => {
      root.textContent = WORDS[state];
      root.dataset["state"] = state;
    },
  };
}
