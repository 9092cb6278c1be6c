import { HardenedStack, loadStackConfig } from "./components";

const stack = new HardenedStack(loadStackConfig());

export = stack.outputs;
