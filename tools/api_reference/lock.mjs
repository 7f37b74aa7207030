// Leaves of the lock the package alone: its bundle has in it what it is made of. `npm run lock` calls this.
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const { dependencies, peerDependencies, ...redoc } = lock.packages["node_modules/redoc"];
lock.packages = { "": lock.packages[""], "node_modules/redoc": redoc };
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
