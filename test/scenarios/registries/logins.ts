import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Credentials } from "../../support/index.ts";

/** A folder as `docker login` leaves it, and a program that keeps logins. */
export interface Logins {
  /** `<folder>/docker/config.json` */
  readonly configFile: string;
  /** The environment in which the program is found. */
  readonly env: Readonly<Record<string, string>>;
  /** `docker-credential-…` */
  readonly program: string;
  /** Writes the login into config.json. */
  store(host: string, credentials: Credentials): Promise<void>;
  /** Writes the program into config.json. It gives these logins, one after another and then the last one again. */
  keep(host: string, credentials: readonly Credentials[]): Promise<void>;
  /** How the program was called so far: its arguments, what it read, and its variables. */
  calls(): Promise<string[]>;
}

/** Makes the folder and the program; nobody is logged in. */
export async function makeLogins(folder: string): Promise<Logins> {
  const bin = join(folder, "helpers");
  const docker = join(folder, "docker");
  const configFile = join(docker, "config.json");
  const log = join(bin, "calls");
  const answers = join(bin, "answers");
  const program = "docker-credential-trial";
  for (const path of [bin, docker]) await mkdir(path, { recursive: true, mode: 0o700 });
  await writeFile(log, "");
  const script = [
    "#!/bin/sh",
    `echo "$* $(cat) $(env | cut -d= -f1 | sort | tr '\\n' ' ')" >> '${log}'`,
    `head -n 1 '${answers}'`,
    `[ "$(wc -l < '${answers}')" -le 1 ] || sed -i 1d '${answers}'`,
  ];
  await writeFile(join(bin, program), script.join("\n"));
  await chmod(join(bin, program), 0o755);
  const write = async (config: object) => writeFile(configFile, JSON.stringify(config), { mode: 0o600 });
  return {
    configFile,
    env: { PATH: `${bin}:${process.env["PATH"]}` },
    program,
    store: async (host, { username, password }) =>
      write({ auths: { [host]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } } }),
    keep: async (host, credentials) => {
      const lines = credentials.map(({ username, password }) =>
        JSON.stringify({ ServerURL: host, Username: username, Secret: password }),
      );
      await writeFile(answers, `${lines.join("\n")}\n`);
      await write({ credHelpers: { [host]: program.replace("docker-credential-", "") } });
    },
    calls: async () => (await readFile(log, "utf8")).split("\n").filter((line) => line !== ""),
  };
}
