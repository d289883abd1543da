import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { findCompose } from "../compose-program.ts";
import type { Platform } from "../platform.ts";

/** Brings up the Compose file by hand, as people did before: in the project that the instance has, with data in it. */
export async function composeUp(
  platform: Platform,
  text: string,
  { name = "web" }: { name?: string } = {},
): Promise<void> {
  const path = join(platform.folder, "compose.yaml");
  await writeFile(
    path,
    text.replaceAll(/IMAGES\/([\w:]+)/g, (_, tag: string) => platform.image(tag)),
  );
  const env = {
    ...process.env,
    ...(platform.dockerHost === undefined ? {} : { DOCKER_HOST: platform.dockerHost }),
  };
  await promisify(execFile)(await findCompose(), ["-p", platform.project(name), "-f", path, "up", "-d"], {
    env,
  });
  for (const { id } of await platform.containers()) {
    const exec = await platform.docker
      .getContainer(id)
      .exec({ Cmd: ["sh", "-c", "echo precious > /data/it || echo precious > /store/it"] });
    await exec.start({ Detach: true });
  }
}
