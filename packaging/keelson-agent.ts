import "./start.ts";

await import("../apps/agent/src/main.ts");
