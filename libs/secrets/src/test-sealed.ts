import type { AgeIdentity } from "./age-key.ts";

/** Keys for tests alone: the files of test/fixtures/sops are encrypted to them. */
export const fixtureKeys: readonly [AgeIdentity, AgeIdentity] = [
  {
    key: "AGE-SECRET-KEY-1J04CWUYCE7LDPECM8EF9H93G6KCQJ6FAR72N3LQGMU4V6ULDHQMSHMHFJP",
    recipient: "age1znesxf6dgtpyky4n6y4lywkd7l2mhzshltv69qg7tmmj8y9mgf8sfxl9zk",
  },
  {
    key: "AGE-SECRET-KEY-10XWEGM0LGWJQDPH8W8T38YDPRJ64SX4DQV7AM2HTFXD9W3WHEFNSTV2W8Y",
    recipient: "age1qhn0vtgmq63a0ck6knjjjh4mkhmxdhvr0s3am2qq04x98pvlyqws70gzuq",
  },
];
