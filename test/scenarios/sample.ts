import { readFile, readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { checkout } from "../support/index.ts";

/** The node that the environment of the sample has. */
export const sampleNode = "lab-1";

const folders = [".gitattributes", "releases/sample-platform", "environments/lab"];

/**
 * The committed sample as the files of a state repository, with two changes so that many can run side by side: the
 * environment's name, and images under names of the platform's own.
 */
export async function readSample({
  environment,
  port,
}: {
  environment: string;
  port: number;
}): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of await listFiles()) {
    const text = await readFile(join(checkout, path), "utf8");
    const name = path.replace(/^environments\/lab\//, `environments/${environment}/`);
    files[name] = text
      .replaceAll("keelson-sample/", "IMAGES/")
      .replace(/^name: lab$/m, `name: ${environment}`);
    if (path === `environments/lab/nodes/${sampleNode}.yaml`) {
      files[name] += `settings: { sample-platform: { port: ${port} } }\n`;
    }
  }
  return files;
}

async function listFiles(): Promise<string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      if (folder === ".gitattributes") return [folder];
      const entries = await readdir(join(checkout, folder), { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(checkout, join(entry.parentPath, entry.name)));
    }),
  );
  return found.flat();
}
