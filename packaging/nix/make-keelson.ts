// node packaging/nix/make-keelson.ts OUT
// Makes what a Nix package is: lib/keelson/ with all that the npm package has, programs in bin/ that need no other Node on
// the path, and manual pages where `man` looks for them.
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { writePackage } from "../npm-package.ts";

const [out = ""] = process.argv.slice(2);
const folder = await writePackage({ folder: join(out, "lib/keelson") });
for (const name of ["bin", "share/man/man1"]) await mkdir(join(out, name), { recursive: true });
for (const name of ["keelson", "keelson-agent"]) {
  const program = `#!${process.execPath}\nimport("${folder}/bin/start/${name}.js");\n`;
  await writeFile(join(out, "bin", name), program, { mode: 0o755 });
}
for (const page of await readdir(join(folder, "man"))) {
  await symlink(`../../../lib/keelson/man/${page}`, join(out, "share/man/man1", page));
}
