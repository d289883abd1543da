import { seccompFileOf } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";
import { textOf } from "./kernel.ts";

const free = new Set([
  "no-new-privileges",
  "no-new-privileges=true",
  "apparmor=docker-default",
  "seccomp=builtin",
]);

/** K1401: options by which the engine confines a container otherwise. */
export const securityReaches: readonly HostReach[] = [
  {
    at: "services.*.security_opt.*?",
    code: "K1401",
    message: ({ value }) => `the security option ${value} can loosen the container's confinement`,
    asks: ({ value }) => {
      const option = securityOptionOf(textOf(value));
      return free.has(option) ? [] : [{ kind: "securityOptions", value: option }];
    },
  },
];

/** With `=` behind its name: the engine takes a colon for the same where there is no `=`. A file in its shortest form. */
export function securityOptionOf(text: string): string {
  const option = text.includes("=") ? text : text.replace(":", "=");
  const file = seccompFileOf(option);
  if (file === null) return option;
  // A file that has the name of a word of the engine's stays a file.
  return seccompFileOf(`seccomp=${file}`) === null ? `seccomp=./${file}` : `seccomp=${file}`;
}

/** Who may go without any filter of system calls may have each. */
export function coversOption(granted: string, asked: string): boolean {
  const option = securityOptionOf(granted);
  return option === asked || (option === "seccomp=unconfined" && seccompFileOf(asked) !== null);
}
