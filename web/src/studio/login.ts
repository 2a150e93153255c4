/** Sign in with a token: the service turns it into a cookie that scripts cannot read. */
import { call, Problem } from "../api";
import { element } from "../element";
import type { Me } from "./main";

/** Ask until a token is accepted. */
export function signIn(room: HTMLElement): Promise<Me> {
  return new Promise((resolve) => {
    const said = element("p", { role: "alert", class: "notice bad", hidden: true });
    const token = element("input", {
      id: "token",
      type: "password",
      autocomplete: "current-password",
      required: true,
      autofocus: true,
    });
    const form = element(
      "form",
      { class: "login" },
      element("h1", {}, "Sign in"),
      element("label", { for: "token" }, "Access token"),
      token,
      element(
        "p",
        { class: "quiet" },
        "The first one is printed when the service starts. An admin makes more with ",
        element("code", {}, "channel token editor --name NAME"),
        ".",
      ),
      said,
      element("button", { class: "primary" }, "Sign in"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void call<Me>("POST", "/api/studio/login", { token: token.value.trim() }).then(
        resolve,
        (error: unknown) => {
          said.textContent = error instanceof Problem ? error.message : String(error);
          said.hidden = false;
          token.select();
        },
      );
    });
    room.replaceChildren(form);
    token.focus();
  });
}
