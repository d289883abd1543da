import { clearAddressPools } from "./address-pool.ts";
import { endProcessesNaming, unmountAllIn } from "./leftover-processes.ts";

// node test/support/sweep.ts FOLDER
// Ends and unmounts what tests that were killed left running in FOLDER, which is theirs alone, and removes their
// bridges. A run in which every test could clean up after itself leaves nothing to do.

const [folder] = process.argv.slice(2);
if (folder === undefined || !folder.startsWith("/"))
  throw new Error("usage: node test/support/sweep.ts FOLDER");
await endProcessesNaming([`${folder}/`]);
await unmountAllIn(folder);
await clearAddressPools();
