/** The first version with SQLite and without a flag for it. */
export const oldestNode = { major: 22, minor: 13 };

/**
 * The file that a user calls. It loads a program only where Node can run it: what is newer in the programs would be an
 * error of their syntax elsewhere. So it is written for Node 10, as a script and as a module.
 */
export function makeLauncher(name: string): string {
  const { major, minor } = oldestNode;
  return `#!/usr/bin/env node
var found = process.versions.node.split(".").map(Number);
if (found[0] < ${major} || (found[0] === ${major} && found[1] < ${minor})) {
  console.error("${name} needs Node ${major}.${minor} or newer, and " + process.execPath + " is " + process.versions.node + ".");
  process.exitCode = 1;
} else {
  import("./start/${name}.js");
}
`;
}
