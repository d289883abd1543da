import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";

import { provideDebs } from "../../packaging/private-programs.ts";
import { findFreePort, makeTempFolder, waitFor } from "../../support/index.ts";
import { ask } from "../page.ts";

export interface Prometheus extends AsyncDisposable {
  /** The values that an expression has now, one for each series; rejects with what is wrong with it. */
  query(expression: string): Promise<number[]>;
}

interface Answer {
  status: string;
  error?: string;
  data?: { result: { value: [number, string] }[] };
}

/** Starts Debian's Prometheus, which asks a port of the loopback address for its metrics every second. */
export async function startPrometheus(port: number): Promise<Prometheus> {
  const debs = await provideDebs("prometheus", ["prometheus"], { alone: true });
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder("keelson-prometheus-"));
  const own = await findFreePort();
  const targets = `[{ targets: ["127.0.0.1:${port}"] }]`;
  await writeFile(
    folder.join("prometheus.yml"),
    `scrape_configs: [{ job_name: keelson, scrape_interval: 1s, static_configs: ${targets} }]\n`,
  );
  const program = spawn(
    `${debs}/usr/bin/prometheus`,
    [
      `--config.file=${folder.join("prometheus.yml")}`,
      `--storage.tsdb.path=${folder.join("data")}`,
      `--web.listen-address=127.0.0.1:${own}`,
    ],
    { stdio: "ignore" },
  );
  stack.defer(async () => {
    program.kill("SIGKILL");
    if (program.exitCode === null && program.signalCode === null) await once(program, "exit");
  });
  const at = { host: "127.0.0.1", port: own };
  await waitFor(async () => (await ask(at, "/-/ready")).status === 200, { what: "Prometheus" });
  const cleanUp = stack.move();
  return {
    query: async (expression) => {
      const { body } = await ask(at, `/api/v1/query?query=${encodeURIComponent(expression)}`);
      const answer: Answer = JSON.parse(body);
      if (answer.data === undefined) throw new Error(`${expression}: ${answer.error}`);
      return answer.data.result.map(({ value }) => Number(value[1]));
    },
    [Symbol.asyncDispose]: async () => cleanUp.disposeAsync(),
  };
}
