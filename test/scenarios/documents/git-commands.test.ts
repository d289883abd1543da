import { expect, it } from "vitest";

import { readPage } from "../../documents/example.ts";
import { tablesOf } from "../../documents/markdown.ts";
import { makeTempFolder, outputOf } from "../../support/index.ts";
import { withPlatform } from "../platform.ts";
import { oneService } from "../releases.ts";

it("plain Git must show and remove statuses by the commands of the status page", async () => {
  const { text } = await readPage("docs/spec/status.md");
  const table = tablesOf(text).find(({ columns }) => columns[0] === "to see");
  const shown = new Map((table?.rows ?? []).map(([what = "", command = ""]) => [what, command]));
  const fetching = /`(git fetch origin '[^`]*)`/.exec(text)?.[1] ?? "";
  const [, removing = "", branch = ""] = /`(git push origin --delete [^`]*)`, or `([^`]*)`/.exec(text) ?? [];

  await withPlatform({ release: oneService }, async (platform) => {
    const { environment, node, repository } = platform;
    const run = async (command: string, folder = repository.path) =>
      outputOf([
        "bash",
        "-ec",
        `cd ${folder} && ${command
          .replaceAll(/lab\/lab-1|<environment>\/<node>/g, `${environment}/${node}`)
          .replaceAll("<commit>", "HEAD")}`,
      ]);
    const seen = async (what: string, folder?: string) => run(shown.get(what) ?? "", folder);
    await platform.reconcile();
    await platform.configure({ report: { as: "branch" } });
    await platform.reconcile();
    await platform.keelson(["status"]);
    await run("git fetch --quiet");

    const line = `# ${environment}/${node}: ready, 1 instance is as desired`;
    expect(await seen("every status, below the commit that it is about")).toContain(line);
    expect(await seen("one node's status on a commit")).toContain(line);
    expect(await seen("the history of a node's status")).toContain(line);
    expect(await seen("the same with `as: branch`")).toContain(`"name":"${node}"`);
    const status: { node: object } = JSON.parse(await seen("the status with `as: branch`"));
    expect(status.node).toEqual({ environment, name: node, age: expect.stringMatching(/^age1/) });
    expect(shown.size).toBe(5);

    await using other = await makeTempFolder();
    await run(`git clone --quiet ${platform.server.url("platform")} ${other.path}`);
    await run(fetching, other.path);
    expect(await seen("one node's status on a commit", other.path)).toContain(line);

    const refs = async () => run("git ls-remote origin | grep --count keelson || true");
    expect(await refs()).toBe("2\n");
    await run(removing);
    await run(removing.replace(/\S+$/, branch));
    expect(await refs()).toBe("0\n");
  });
});
