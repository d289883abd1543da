import type { StateImport } from "@keelson/node";

import type { Output } from "../output.ts";

export function printSecrets(output: Output, secrets: StateImport["secrets"]): void {
  if (secrets.length === 0) return;
  output.print(`\nIn plain text, where everybody who reads the repository reads them:`);
  for (const { file, line, name } of secrets) output.print(`  ${file}:${line}  ${name}`);
  output.print("  They work as they are. How to encrypt them: docs/spec/environment.md, Secrets in Git.");
}

const becomes: Record<StateImport["networks"][number]["because"], (name: string) => string> = {
  "several join it": () =>
    "no folder makes it: it becomes a network of the environment. If the node has one of this name already, import there with --engine: it is granted then",
  "one joins it": (name) =>
    `no folder makes it: it is granted, and has to be on the node. To have it made, write networks: { ${name}: } in environment.yaml`,
  "it is there": () => "the engine has it and Keelson did not make it: it is granted, and stays as it is",
  "a folder left out makes it": () => "a folder that is left out makes it: it is granted",
  "its addresses are fixed": (name) =>
    `no folder makes it, and a service has an address of its own there: it is granted, and has to be on the node. To have it made, write networks: { ${name}: { ipam: … } } in environment.yaml`,
};

export function printNetworks(output: Output, networks: StateImport["networks"]): void {
  if (networks.length === 0) return;
  output.print(`\nNetworks that folders join:`);
  for (const { name, folders, because } of networks)
    output.print(`  ${name}  ${folders.join(", ")}\n    ${becomes[because](name)}`);
}

/** Under which name of agent.yaml which folders use a path of the host. */
export function printPaths(output: Output, paths: StateImport["paths"]): void {
  if (paths.length === 0) return;
  output.print(`\nPaths of the host, by their names in agent.yaml:`);
  for (const { name, path, users, nested } of paths) {
    const words = users.map(({ user, readOnly }) => `${user}${readOnly ? " (read-only)" : ""}`);
    output.print(`  ${name}  ${path}  ${words.join(", ")}`);
    for (const { user, path: inner, writer, below } of nested)
      output.print(
        `    ${user} binds ${inner}, below ${below}, which ${writer} writes: keelson plan blocks both (K3064). Bind the same folder in both; or nested: true beside ${name}, and whoever writes there is root`,
      );
  }
}
