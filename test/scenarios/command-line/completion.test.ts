import { spawn } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  type TempFolder,
  checkout,
  endProcess,
  keelsonCommand,
  makeTempFolder,
  outputOf,
  plainEnvironment,
  runKeelson,
  waitFor,
} from "../../support/index.ts";

/** What is to be completed, with what it becomes: all candidates, sorted. */
const lines: [string[], string[]][] = [
  [["pl"], ["plan"]],
  [
    ["completion", ""],
    ["bash", "fish", "zsh"],
  ],
  [
    ["help", "ex"],
    ["exec", "explain"],
  ],
  [
    ["plan", "--re"],
    ["--repository", "--revision"],
  ],
  [["plan", "-e", "lab", "--exit"], ["--exit-code"]],
  [["-V", "expl"], ["explain"]],
  [
    ["plan", "--config", "some/"],
    ["some/agent.yaml", "some/folder"],
  ],
  [["plan", "--state-dir", "some/"], ["some/folder"]],
  [["init", "--state", "some/"], ["some/folder"]],
  [["plan", "--config=some/a"], ["some/agent.yaml"]],
  [["plan", "--revision", ""], []],
  [
    ["explain", "K901"],
    ["K9010", "K9011", "K9012", "K9013", "K9014", "K9015", "K9016", "K9017", "K9018"],
  ],
  [
    ["plan", "-e", ""],
    ["lab", "shop"],
  ],
  [
    ["plan", "-n", ""],
    ["lab-1", "lab-2", "shop-1"],
  ],
  [
    ["plan", "-e", "lab", "--node", ""],
    ["lab-1", "lab-2"],
  ],
  [
    ["logs", ""],
    ["api", "web"],
  ],
  [["logs", "-e", "lab", "w"], ["web"]],
  [["release", "ve"], ["verify"]],
  [["release", "pack", "--o"], ["--output"]],
  [["release", "digest", "some/"], ["some/folder"]],
  [
    ["release", "verify", "some/"],
    ["some/agent.yaml", "some/folder"],
  ],
  [["release", "verify", "--against", "some/a"], ["some/agent.yaml"]],
  [["renew", "-C", "elsewhere", ""], []],
  [["check", "pl"], []],
  [["paln", "--re"], []],
];

const fleet = {
  lab: { nodes: ["lab-1", "lab-2"], instance: "web" },
  shop: { nodes: ["shop-1"], instance: "api" },
};
/** `keelson` is found there. */
const path = () => `${folder.join("bin")}:${process.env["PATH"]}`;

let folder: TempFolder;
beforeAll(async () => {
  folder = await makeTempFolder("keelson-completion-");
  for (const shell of ["bash", "zsh", "fish"]) {
    const script = await outputOf(keelsonCommand(["completion", shell]));
    await writeFile(folder.join(`script.${shell}`), script);
  }
  await mkdir(folder.join("some/folder"), { recursive: true });
  await writeFile(folder.join("some/agent.yaml"), "");
  // A clone, and the program by the name that the scripts call.
  await outputOf(["git", "init", "--quiet", folder.path]);
  for (const [environment, { nodes, instance }] of Object.entries(fleet)) {
    const place = folder.join("environments", environment);
    await mkdir(join(place, "nodes"), { recursive: true });
    const instances = `instances: { ${instance}: { package: shop/${instance} } }`;
    await writeFile(join(place, "environment.yaml"), `name: ${environment}\nreleases: {}\n${instances}\n`);
    for (const node of nodes) await writeFile(join(place, `nodes/${node}.yaml`), `name: ${node}\n`);
  }
  // Names that no node, environment or instance may have, and that a shell would run.
  const hostile = folder.join("environments", touching("environment"));
  await mkdir(join(hostile, "nodes"), { recursive: true });
  await writeFile(
    join(hostile, "environment.yaml"),
    `name: '${touching("environment")}'\nreleases: {}\ninstances: { '${touching("instance")}': { package: shop/web } }\n`,
  );
  for (const place of [hostile, folder.join("environments/lab")]) {
    for (const name of [touching("node"), "`touch made-node`", "*"]) {
      await writeFile(join(place, `nodes/${name}.yaml`), `name: '${name}'\n`);
    }
  }
  await mkdir(folder.join("bin"));
  const command = keelsonCommand([])
    .map((word) => `'${word}'`)
    .join(" ");
  await writeFile(folder.join("bin/keelson"), `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
});
afterEach(() => {
  const made = globSync("made-*", { cwd: folder.path });
  if (made.length > 0) throw new Error(`the shell ran a name: ${made.join(", ")}`);
});
afterAll(async () => folder[Symbol.asyncDispose]());

/** A name that makes a file when a shell expands it. */
function touching(kind: string): string {
  return `$(touch\${IFS}made-${kind})`;
}

/** A program that says such names when it is asked for some. */
async function writeSayer(): Promise<string> {
  const names = [touching("said"), "`touch${IFS}made-said`", "*"];
  await mkdir(folder.join("sayer"), { recursive: true });
  const text = `#!/bin/sh\nprintf '%s\\n' ${names.map((name) => `'${name}'`).join(" ")}\n`;
  await writeFile(folder.join("sayer/keelson"), text, { mode: 0o755 });
  return `${folder.join("sayer")}:${path()}`;
}

describe("the completion for bash", () => {
  const onlyHere: typeof lines = [
    [["exec", "web", ""], []],
    [["release", "digest", "some/folder", "so"], []],
  ];
  it.each([...lines, ...onlyHere])("must make of %j %j", async (words, candidates) => {
    expect(await completed(words, path())).toEqual(candidates);
  });

  it("must run nothing of what the program says", async () => {
    const said = await completed(["plan", "-n", ""], await writeSayer());
    expect(said).toEqual([touching("said"), "*", "`touch${IFS}made-said`"].sort());
  });

  async function completed(words: readonly string[], searchPath: string): Promise<string[]> {
    // Bash takes --option=value for three words.
    const all = ["keelson", ...words.flatMap((word) => word.split(/(?<=^--\w+)(=)/))];
    const listing = `source script.bash 2>errors
      compopt() { :; }
      COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
      _keelson 2>>errors
      [[ ! -s errors ]] && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const stdout = await outputOf(["bash", "--norc", "-c", listing, "bash", ...all], {
      cwd: folder.path,
      env: plainEnvironment({ PATH: searchPath }),
    });
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .sort();
  }

  it("must complete what is typed", async () => {
    const child = spawn("script", ["--quiet", "--command", "bash --norc --noprofile -i", "/dev/null"], {
      cwd: folder.path,
      env: plainEnvironment({ TERM: "dumb" }),
      stdio: ["pipe", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
    child.stdin.on("error", () => {});
    try {
      child.stdin.write('source script.bash; keelson() { echo "called: $*."; }\n');
      child.stdin.write("keelson pl\t--conf\tsome/a\t--js\t\n");
      const called = await waitFor(() => /called: (plan.*)\./.exec(output), { what: "the completed line" });
      expect(called[1]).toBe("plan --config some/agent.yaml --json");
    } finally {
      child.stdin.end("exit\n");
      await endProcess(child.pid ?? 0);
    }
  });

  it("must be the same with --json, and refuse other shells", async () => {
    const { stdout } = await runKeelson(["completion", "bash", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      shell: "bash",
      script: expect.stringContaining("complete -F"),
    });
    const other = await runKeelson(["completion", "tcsh"]);
    expect(other.stderr).toMatch(/bash, zsh, fish/);
    expect(other.exitCode).toBe(2);
  });
});

const fish = findShell("fish");
describe.runIf(fish !== null)("the completion for fish", () => {
  it.each(lines)("must make of %j %j", async (words, candidates) => {
    expect(await completed(words, path())).toEqual(candidates);
  });

  it("must run nothing of what the program says", async () => {
    expect(await completed(["plan", "-n", ""], await writeSayer())).toHaveLength(3);
  });

  async function completed(words: readonly string[], searchPath: string): Promise<string[]> {
    const line = ["keelson", ...words].join(" ");
    const stdout = await runShell(
      fish,
      [
        "--no-config",
        ...(fish?.root === ""
          ? []
          : [`--init-command=set fish_function_path ${fish?.root}/usr/share/fish/functions`]),
        `--command=source script.fish; complete --do-complete '${line}'`,
      ],
      searchPath,
    );
    const found = stdout.split("\n").map((each) => each.split("\t")[0]?.replace(/^--\w+=|\/$/g, "") ?? "");
    return found.filter((each) => each !== "").sort();
  }
});

const zsh = findShell("zsh");
describe.runIf(zsh !== null)("the completion for zsh", () => {
  it("must be one that it can read, with every option as its own functions want it", async () => {
    await runShell(zsh, ["-f", "-n", "script.zsh"]);
    const calls = "compdef() { :; }; _arguments() { print -rl -- $@; }; source ./script.zsh";
    const specs = async (name: string) =>
      (await runShell(zsh, ["-f", "-c", `${calls}; ${name}`])).split("\n");
    expect(await specs("_keelson_plan")).toEqual(
      expect.arrayContaining([
        "(-C --repository)--repository[state repository]: :_files -/",
        "--config[agent.yaml of this node]: :_files",
        expect.stringMatching(/^--secrets\[YAML file of the node's secrets/),
        "--json[print JSON]",
      ]),
    );
    expect(await specs("_keelson_completion")).toContain("1: :(bash zsh fish)");
    expect(await specs("_keelson_plan")).toContain(
      "(-n --node)--node[node (default: that of agent.yaml, or the only one)]: :{_keelson_names nodes}",
    );
    expect(await specs("_keelson_logs")).toContain("1: :{_keelson_names instances}");
    const added = 'words=(plan -e lab -n ""); compadd() { print -rl -- ${(P)2} }';
    expect(await specs(`${added}; _keelson_names nodes`)).toEqual(["lab-1", "lab-2", ""]);
    const said = await runShell(
      zsh,
      ["-f", "-c", `${calls}; ${added}; _keelson_names nodes`],
      await writeSayer(),
    );
    expect(said.split("\n")).toContain(touching("said"));
    const inner = "_keelson_plan() { print plan; }; line=(plan) state=rest";
    expect(await specs(`${inner}; _arguments() { state=rest line=(plan); }; _keelson`)).toContain("plan");
  });
});

interface FoundShell {
  file: string;
  /** Where Debian's package is unpacked; empty for an installed one. */
  root: string;
}

/** Of the machine, or what script/setup --tests unpacked privately. */
function findShell(name: string): FoundShell | null {
  const installed = (process.env["PATH"] ?? "")
    .split(":")
    .map((path) => join(path, name))
    .find((path) => existsSync(path));
  if (installed !== undefined) return { file: installed, root: "" };
  const root = join(checkout, ".keelson/shells");
  const file = [`bin/${name}`, `usr/bin/${name}`]
    .map((path) => join(root, path))
    .find((path) => existsSync(path));
  return file === undefined ? null : { file, root };
}

async function runShell(
  shell: FoundShell | null,
  args: readonly string[],
  searchPath = path(),
): Promise<string> {
  const { file = "", root = "" } = shell ?? {};
  const libraries = root === "" ? {} : { LD_LIBRARY_PATH: globSync(`${root}/usr/lib/*-linux-gnu`).join(":") };
  return outputOf([file, ...args], {
    cwd: folder.path,
    env: plainEnvironment({ ...libraries, HOME: folder.path, PATH: searchPath }),
  });
}
