import { type JsonObject, isJsonObject } from "@keelson/model";

import { textOf } from "./kernel.ts";
import type { HostReach } from "./host-reach.ts";

interface Driver {
  /** The option that names the address. */
  option: string;
  /** Where the driver sends without one; null where the engine refuses that. */
  preset: string | null;
  scheme: string;
  port: string;
  /** Its other options, without those that name files (docs.docker.com, the page of each driver). */
  options: readonly string[];
}

const drivers = new Map<string, Driver>([
  [
    "syslog",
    {
      option: "syslog-address",
      preset: "unix:///dev/log",
      scheme: "tcp",
      port: "514",
      options: ["syslog-facility", "syslog-format", "syslog-tls-skip-verify"],
    },
  ],
  [
    "fluentd",
    {
      option: "fluentd-address",
      preset: "tcp://127.0.0.1:24224",
      scheme: "tcp",
      port: "24224",
      options: [
        "fluentd-async",
        "fluentd-async-reconnect-interval",
        "fluentd-max-retries",
        "fluentd-request-ack",
        "fluentd-retry-wait",
        "fluentd-sub-second-precision",
      ],
    },
  ],
  [
    "gelf",
    {
      option: "gelf-address",
      preset: null,
      scheme: "udp",
      port: "12201",
      options: [
        "gelf-compression-level",
        "gelf-compression-type",
        "gelf-tcp-max-reconnect",
        "gelf-tcp-reconnect-delay",
      ],
    },
  ],
]);

/** Drivers that send from the engine, which is root in the node's own network; with all options that they may have. */
export const remoteLoggingOptions: ReadonlyMap<string, readonly string[]> = new Map(
  [...drivers].map(([name, { option, options }]) => [name, [option, ...options]]),
);

/** K1430: logs that leave the engine. */
export const loggingReaches: readonly HostReach[] = [
  {
    at: "services.*.logging",
    code: "K1430",
    message: ({ value }) => `the logging driver sends from the engine itself to ${value}`,
    asks: ({ value }) => {
      const address = isJsonObject(value) ? addressOf(value) : null;
      return address === null ? [] : [{ kind: "loggingAddresses", value: address }];
    },
  },
];

function addressOf({ driver = null, options = null }: JsonObject): string | null {
  const known = typeof driver === "string" ? drivers.get(driver) : undefined;
  if (known === undefined) return null;
  const given = isJsonObject(options) ? (options[known.option] ?? null) : null;
  const text = given === null ? "" : textOf(given);
  return text === "" ? known.preset : loggingAddressOf(text, known);
}

/** `scheme://host:port`, written out and in lower case; of a socket `unix:///path`. */
export function loggingAddressOf(text: string, preset = { scheme: "tcp", port: "" }): string {
  const [, scheme = preset.scheme, rest = ""] = /^(?:([a-z+]+):\/\/)?(.*)$/is.exec(text) ?? [];
  if (/^unix/i.test(scheme)) return `${scheme.toLowerCase()}://${rest}`;
  const hasPort = /:\d+$/.test(rest) || preset.port === "";
  return `${scheme}://${rest}${hasPort ? "" : `:${preset.port}`}`.toLowerCase();
}
