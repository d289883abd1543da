#!/usr/bin/env node
import "./start.ts";

await import("../apps/cli/src/main.ts");
