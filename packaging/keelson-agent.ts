#!/usr/bin/env node
import "./start.ts";

await import("../apps/agent/src/main.ts");
