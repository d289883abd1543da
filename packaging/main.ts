import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { makePackage } from "./npm-package.ts";

const { folder, archive } = await makePackage({ outDir: fileURLToPath(new URL("../dist", import.meta.url)) });
for (const path of [folder, archive]) process.stdout.write(`${relative(process.cwd(), path)}\n`);
