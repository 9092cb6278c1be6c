import { HardenedStack, loadStackConfig } from "./components";

const stack = new HardenedStack(loadStackConfig());

export const urls = stack.urls;
export const networks = stack.networks;
export const database = stack.database;
