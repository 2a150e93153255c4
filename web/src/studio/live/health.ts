/** How the publishers of a channel are, second by second. */
import { Problem } from "../../api";
import { element } from "../../element";
import { channels, type Health, type PublisherHealth } from "../../live/api";
import { follow } from "../../live/follow";
import { rateText } from "../scale";
import { explanations, type Fact, factsOf, storedFacts } from "./health_facts";
import { graphOf, pushed } from "./graph";

const LOOK_AGAIN_MS = 1000;
/** After what looks like a service that has no such thing. */
const LATER_MS = 15_000;
const SECONDS = 120;
const WIDTH = 240;
const HEIGHT = 48;
const SLATE = "Nobody publishes: viewers see a still picture.";
const SVG = "http://www.w3.org/2000/svg";

export interface HealthPanel {
  root: HTMLElement;
  stop(): void;
}

interface Card {
  root: HTMLElement;
  show(publisher: PublisherHealth, onAir: boolean): void;
}

/** `known`: what the page says of the channel's trouble already. */
export function createHealth(
  channel: string,
  known: () => string,
  told: (health: Health) => void,
): HealthPanel {
  const warnings = element("ul", { class: "warnings" });
  const room = element("div", { class: "publishers" });
  const nobody = element("p", { class: "quiet" });
  const stored = element("dl", { class: "stored" });
  const error = element("p", { class: "said" });
  const cards = new Map<string, Card>();
  let warned = "";

  const show = (health: Health): void => {
    const names = health.publishers.map((publisher) => publisher.place as string);
    for (const [name, card] of cards) {
      if (names.includes(name)) continue;
      card.root.remove();
      cards.delete(name);
    }
    for (const publisher of health.publishers) {
      let card = cards.get(publisher.place);
      if (!card) {
        cards.set(publisher.place, (card = createCard(publisher.place)));
        room.append(card.root);
      }
      card.show(publisher, health.on_air === publisher.place);
    }
    nobody.hidden = names.length > 0;
    nobody.textContent = health.on_air === "slate" ? SLATE : "Nobody publishes at present.";
    error.hidden = !health.last_error || health.last_error === known();
    error.textContent = error.hidden ? "" : `Last error: ${health.last_error}`;
    put(stored, storedFacts(health));
    // A status is spoken anew when it is written anew.
    if (health.warnings.join("\n") === warned) return;
    warned = health.warnings.join("\n");
    warnings.replaceChildren(...health.warnings.map((sentence) => element("li", {}, sentence)));
  };
  const root = element(
    "section",
    { class: "panel health", "aria-labelledby": "health-heading", hidden: true },
    element("h2", { id: "health-heading" }, "Health"),
    element("div", { role: "status" }, warnings),
    nobody,
    room,
    stored,
    error,
    explanations(),
  );
  const stop = follow(async () => {
    try {
      const health = await channels.health(channel);
      show(health);
      told(health);
      root.hidden = false;
      return LOOK_AGAIN_MS;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      error.textContent = problem.message;
      error.hidden = false;
      return problem.status === 404 ? LATER_MS : LOOK_AGAIN_MS;
    }
  });
  return { root, stop };
}

function createCard(place: string): Card {
  const name = element("strong", {}, place === "primary" ? "Primary" : "Backup");
  const air = element("span", { class: "badge" });
  const line = document.createElementNS(SVG, "path");
  const graph = document.createElementNS(SVG, "svg");
  graph.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  graph.setAttribute("preserveAspectRatio", "none");
  graph.setAttribute("role", "img");
  graph.append(line);
  const facts = element("dl");
  let rates: (number | null)[] = [];
  return {
    root: element(
      "article",
      { class: "publisher", "data-place": place },
      element("header", {}, name, air),
      graph,
      facts,
    ),
    show: (publisher, onAir) => {
      air.textContent = onAir ? "On air" : "Standing by";
      air.dataset["air"] = onAir ? "yes" : "no";
      rates = pushed(rates, publisher.bitrate_bps, SECONDS);
      line.setAttribute("d", graphOf(rates, SECONDS, WIDTH, HEIGHT));
      const rate = publisher.bitrate_bps === null ? "–" : rateText(publisher.bitrate_bps);
      graph.setAttribute("aria-label", `Bit rate of the last two minutes, now ${rate}`);
      put(facts, factsOf(publisher, rate));
    },
  };
}

function put(list: HTMLElement, facts: Fact[]): void {
  list.replaceChildren(
    ...facts.map(([term, value, bad]) =>
      element("div", {}, element("dt", {}, term), element("dd", { class: bad ? "bad" : null }, value)),
    ),
  );
}
