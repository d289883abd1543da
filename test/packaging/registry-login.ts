import { outputOf } from "../support/index.ts";

/** Logs in as a person does, by Docker's own program, which writes `config.json` into the folder `config`. */
export async function logIn(
  registry: string,
  login: { username: string; password: string; config: string },
): Promise<void> {
  const { username, password, config } = login;
  const script = 'printf %s "$3" | docker --config "$1" login --username "$2" --password-stdin "$4"';
  await outputOf(["bash", "-c", script, "bash", config, username, password, registry]);
}
