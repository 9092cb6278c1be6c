/** `npm run golden`: writes the golden files. The commit says why they changed. */
import { writeFileSync } from "node:fs";
import { recordGolden } from "./record";
import { GOLDEN, goldenFile, goldenText } from "./recordings";

async function main(): Promise<void> {
  for (const { name, stack, file } of GOLDEN) {
    const { plan, files } = await recordGolden(stack, file);
    writeFileSync(goldenFile(name, "plan"), goldenText(plan));
    writeFileSync(goldenFile(name, "files"), goldenText(files));
  }
}

void main();
