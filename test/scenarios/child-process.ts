import { readFile, readdir } from "node:fs/promises";

/** The id of a child of a process whose program has this name; undefined when there is none. */
export async function findChild(parent: number, program: string): Promise<number | undefined> {
  const threads = await readdir(`/proc/${parent}/task`);
  for (const thread of threads) {
    const children = await readFile(`/proc/${parent}/task/${thread}/children`, "utf8");
    for (const child of children.split(" ").filter((text) => text !== "")) {
      const name = await readFile(`/proc/${child}/comm`, "utf8");
      if (name.trim() === program) return Number(child);
    }
  }
  return undefined;
}
