import { homedir } from "node:os";
import { join, resolve } from "node:path";

import { KeelsonError, stalled } from "@keelson/model";
import { ageKeyPath, readRecipient } from "@keelson/node";

import { findAgentConfig } from "./node-place.ts";

export interface KeyOptions {
  config?: string;
  identity?: string;
  node?: boolean;
}

/** The file of a person's key; undefined where none is named. */
export function personalKey({ identity, node }: KeyOptions): string | undefined {
  const named = identity ?? process.env["SOPS_AGE_KEY_FILE"];
  return named === undefined || named === "" || node === true ? undefined : resolve(named);
}

/** The same places as those of sops, and the node's own. */
export function identityPath(options: KeyOptions): string {
  return personalKey(options) ?? nodeKeyPath(options) ?? join(homedir(), ".config/sops/age/keys.txt");
}

function nodeKeyPath({ config }: KeyOptions): string | null {
  const agent = findAgentConfig(config);
  return agent === null ? null : ageKeyPath(agent);
}

/** The recipient of a person's key, to whom all is encrypted, too: whoever changes secrets with it can do so again. */
export async function personalRecipients(options: KeyOptions): Promise<string[]> {
  const path = personalKey(options);
  const own = path === undefined ? null : await readRecipient(path);
  return own === null ? [] : [own];
}

/** The recipient of the node that this machine is. Throws K9090 when it is none, or has no key yet. */
export async function nodeRecipient(options: KeyOptions): Promise<string> {
  const path = nodeKeyPath(options);
  const own = path === null ? null : await readRecipient(path);
  if (own !== null) return own;
  throw new KeelsonError({
    code: "K9090",
    message: "nobody could open what is encrypted: this machine has no age key of a node",
    hint: "Name what keelson-agent identity prints on the node: --seal age1…",
    outcome: stalled,
  });
}
