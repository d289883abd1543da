import { publishStatus } from "../../libs/git/src/index.ts";
import { canonicalText } from "../../libs/model/src/index.ts";
import { madeStatus } from "../../libs/report/src/status-fixture.ts";
import {
  makeGitRepository,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runProgram,
  startGitServer,
} from "../support/index.ts";
import { keelsonBundle } from "./bench-platform.ts";
import { type Row, makeRow, median, timeMs } from "./measure.ts";

/** As many as a server answers at once without others waiting long. */
const inFlight = 8;

/** So many nodes write their status into one repository, and a reader looks at all of them. */
export async function measureStatuses(nodes: number, runs: number): Promise<Row[]> {
  await using server = await startGitServer();
  await server.createRepository("state");
  await using repository = await makeGitRepository({ remote: server.url("state") });
  await using folder = await makeTempFolder("keelson-bench-");
  const commit = await repository.commit({ message: "one" });
  await repository.push();

  const names = Array.from({ length: nodes }, (_each, index) => `n${index}`);
  const pushes: number[] = [];
  const pushAll = async (seq: number) => {
    const waiting = [...names];
    const work = async () => {
      for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
        const name = node;
        const status = madeStatus({ seq, node: { environment: "lab", name } });
        const place = { as: "notes", environment: "lab", node: name, gitDir: folder.join(name) } as const;
        const files = () => ({ json: canonicalText(status) });
        const input = { ...place, url: server.url("state"), commit, files, timeoutMs: 60_000 };
        pushes.push(await timeMs(async () => publishStatus(input)));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, work));
  };
  await pushAll(1); // the first time a node also makes its folder
  pushes.length = 0;
  await pushAll(2);

  const clone = folder.join("clone");
  await outputOf(["git", "clone", "--quiet", server.url("state"), clone]);
  const reads: number[] = [];
  for (let run = 0; run < runs; run++) {
    const read = async () =>
      runProgram(keelsonBundle("status", "--json"), { cwd: clone, env: plainEnvironment() });
    reads.push(await timeMs(read));
  }
  const row = (name: string, keelson: number) =>
    makeRow({ case: name, services: nodes, keelson, unit: "ms", limit: null });
  return [row("status-push", median(pushes)), row("status-read", median(reads))];
}
