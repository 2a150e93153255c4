/** What somebody may do, as far as the pages show it; the service decides. */
import type { Me } from "./main";

/** Whether he decides what the public sees, and so on what runs. */
export function publishes(me: Me): boolean {
  return me.role === "publisher" || me.role === "admin";
}
