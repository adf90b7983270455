import { startApp } from '#libs/runtime';
import { SANDBOX_APP } from './sandbox.module.js';

await startApp(SANDBOX_APP);
