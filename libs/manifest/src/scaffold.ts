import { releaseAttributes } from "./attribute-check.ts";
import { jsonSchemas } from "./json-schemas.ts";
import { helloRelease } from "./scaffold-release.ts";

/** The first environment of a new state repository, and its only node. */
export interface FirstNode {
  environment: string;
  node: string;
}

/**
 * The files of a new state repository by path: one small release, one environment and one node, with the schemas of all
 * documents for editors. `readRepository` finds no problem in them.
 */
export function scaffoldState(first: FirstNode): Map<string, string> {
  const { environment, node } = first;
  const home = `environments/${environment}`;
  const schemas = [...jsonSchemas()].map(([name, text]): [string, string] => [`schemas/${name}`, text]);
  return new Map([
    [".gitattributes", gitAttributes],
    [".gitignore", "# What nix build leaves here.\n/result\n/result-*\n"],
    ["README.md", readme(first)],
    ["flake.nix", flake],
    ...Object.entries(helloRelease).map(([path, text]): [string, string] => [
      `releases/hello/0.1.0/${path}`,
      text,
    ]),
    [`${home}/environment.yaml`, environmentDocument(environment)],
    [`${home}/lock.yaml`, lock],
    [`${home}/nodes/${node}.yaml`, nodeDocument(node)],
    ...schemas,
  ]);
}

const gitAttributes = `# Git must not change a byte of a release: it has one digest, here, in every checkout and in every build.
${releaseAttributes}
`;

const flake = `{
  # Keelson's own flake. Put the address of its repository here, or give the name one on this machine:
  # nix registry add keelson ADDRESS
  inputs.keelson.url = "keelson";

  outputs = { keelson, ... }: {
    # release-hello-0_1_0 and so on: a package for each folder releases/<name>/<version>.
    packages = keelson.lib.releasesOf ./.;
  };
}
`;

function environmentDocument(name: string): string {
  return `# yaml-language-server: $schema=../../schemas/environment.schema.json
name: ${name}
releases:
  hello: ^0.1.0
instances:
  hello: { package: hello/web }
settings:
  hello:
    greeting: Hello from ${name}
`;
}

const lock = `# yaml-language-server: $schema=../../schemas/lock.schema.json
releases:
  hello: { version: 0.1.0 }
instances:
  hello: { package: hello/web, version: 0.1.0 }
`;

function nodeDocument(name: string): string {
  return `# yaml-language-server: $schema=../../../schemas/node.schema.json
name: ${name}
`;
}

function readme({ environment, node }: FirstNode): string {
  return `# State

What is committed here is what runs: each node follows this repository.

| folder | what is in it |
| --- | --- |
| \`releases/<name>/<version>/\` | What can run: packages with their Compose files, configuration and settings. A published one never changes. |
| \`environments/<name>/\` | What runs: the releases and settings of a platform in \`environment.yaml\`, the exact versions in \`lock.yaml\`, the machines in \`nodes/\`. |
| \`schemas/\` | The schemas of these documents, for editors. |

Check everything, and see what a node would get:

    keelson check
    keelson plan --from none -e ${environment} -n ${node}

Commit, and bring this machine to the commit; or let an agent with \`environment: ${environment}\` and \`node: ${node}\` in its agent.yaml follow
the branch:

    git add --all && git commit -m "Run hello 0.1.0"
    sudo keelson apply -e ${environment} -n ${node}

Build a release with Nix, once \`flake.nix\` knows Keelson's address. Its digest is the one of the folder:

    nix hash path "$(nix build --no-link --print-out-paths .#release-hello-0_1_0)"
    keelson release digest releases/hello/0.1.0
`;
}
