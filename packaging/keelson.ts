import "./start.ts";

await import("../apps/cli/src/main.ts");
