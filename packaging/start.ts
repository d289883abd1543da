import { enableCompileCache } from "node:module";
import { userInfo } from "node:os";
import { join } from "node:path";

// What every program does before it loads anything: each line saves a user something, none changes what is done.

// Node 22 says at every start that its SQLite is experimental; later ones do not, and it is the same.
if (process.versions.node.startsWith("22.")) {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = (warning: string | Error, ...rest: never[]) => {
    if (!String(warning).startsWith("SQLite is an experimental")) emitWarning(warning, ...rest);
  };
}

// Compiling takes a third of the time of a round that has nothing to do. The watcher of the agent compiles little, and once.
const folder = process.argv[2] === "run" ? null : cacheFolder();
if (folder !== null) enableCompileCache(folder);

/**
 * Whoever can write there runs code as this user: it must be the user's own, and not what an environment kept by sudo
 * names. systemd.exec(5) gives a unit CACHE_DIRECTORY.
 */
function cacheFolder(): string | null {
  const { CACHE_DIRECTORY: ofUnit } = process.env;
  if (ofUnit !== undefined) return ofUnit;
  try {
    return join(userInfo().homedir, ".cache", "keelson");
  } catch {
    return null; // a number without an account, as containers have it, has no home
  }
}
