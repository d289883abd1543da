import { replaceScalar } from "./replaced-scalar.ts";
import { inline } from "./written-yaml.ts";

/** A small release that is complete: a web server with a page that is made from a setting. By path in its folder. */
export const helloRelease: Readonly<Record<string, string>> = {
  "release.yaml": `# yaml-language-server: $schema=../../../schemas/release.schema.json
name: hello
version: 0.1.0
packages: [web]
settings: settings.schema.json
`,
  "settings.schema.json": `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "greeting": {
      "description": "What the page says.",
      "type": "string",
      "default": "Hello"
    },
    "port": {
      "description": "The port of the node on which the page answers.",
      "type": "integer",
      "minimum": 1,
      "maximum": 65535,
      "default": 8080,
      "x-override": ["node"]
    }
  }
}
`,
  "packages/web/package.yaml": `# yaml-language-server: $schema=../../../../../schemas/package.schema.json
name: web
version: 0.1.0
variables:
  PORT: "{{ settings.port }}"
files:
  # The web server reads its page again by itself, so that nothing has to restart.
  - { template: config/index.html.liquid, to: www/index.html, onChange: none }
`,
  "packages/web/compose.yaml": `services:
  web:
    image: busybox:1.37
    init: true
    command: [httpd, -f, -p, "8080", -h, /srv/www]
    restart: unless-stopped
    ports: ["\${PORT}:8080"]
    volumes: ["./www:/srv/www:ro"]
    healthcheck:
      test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"]
      interval: 2s
      timeout: 2s
      retries: 5
`,
  "packages/web/config/index.html.liquid": `<!doctype html>
<title>{{ settings.greeting | escape }}</title>
<h1>{{ settings.greeting | escape }}</h1>
<p>{{ environment.name }} on {{ node.name }}</p>
`,
};

/** A small release of another name; by path in its folder. */
export function scaffoldRelease({ name, version }: { name: string; version: string }): Map<string, string> {
  return new Map(
    Object.entries(helloRelease).map(([path, text]) => [
      path,
      path === "release.yaml"
        ? text.replace("name: hello", `name: ${name}`).replace("version: 0.1.0", `version: ${version}`)
        : text,
    ]),
  );
}

/** The text of a release.yaml with another version; null where it says none. */
export function renameRelease(text: string, version: string): string | null {
  return replaceScalar(text, { path: ["version"], value: inline(version) });
}
