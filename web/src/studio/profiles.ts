/** What uploads are made by: a picker, where there is more than one profile to pick. */
import { type Profile, profiles } from "../api";
import { element } from "../element";

export interface ProfilePicker {
  root: HTMLElement;
  /** The name that uploads shall give; "" for the editor's own default. */
  chosen(): string;
}

export function createProfilePicker(): ProfilePicker {
  const select = element("select", { id: "profile" });
  const said = element("span", { class: "quiet", role: "status" });
  const root = element(
    "p",
    { class: "profile", hidden: true },
    element("label", { for: "profile" }, "Profile "),
    select,
    " ",
    said,
  );
  const describe = (all: Profile[]): void => {
    said.textContent = all.find((profile) => profile.name === select.value)?.description ?? "";
  };
  void profiles.list().then(
    ({ profiles: all }) => {
      select.replaceChildren(...all.map(option));
      root.hidden = all.length < 2;
      select.addEventListener("change", () => describe(all));
      describe(all);
    },
    // Without a list everybody has his own default.
    () => {},
  );
  return { root, chosen: () => select.value };
}

function option(profile: Profile): HTMLOptionElement {
  const broken = profile.settings === null;
  return element(
    "option",
    {
      value: profile.name,
      selected: profile.mine,
      disabled: broken,
      title: broken ? profile.errors.join("\n") : profile.description,
    },
    broken ? `${profile.name} (its file has mistakes)` : profile.name,
  );
}
