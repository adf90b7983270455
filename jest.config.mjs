import { existsSync } from 'node:fs';

const folders = ['apps', 'libs', 'test', 'tools'].filter((folder) => existsSync(new URL(folder, import.meta.url)));

/** Jest runs TypeScript as ES modules through SWC; types are checked by `npm run check`. */
export default {
  roots: folders.map((folder) => `<rootDir>/${folder}`),
  testRegex: '\\.spec\\.ts$',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/dist'],
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        module: { type: 'es6' },
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: false,
          },
          keepClassNames: true,
        },
        sourceMaps: 'inline',
      },
    ],
  },
  globalSetup: '<rootDir>/libs/testing/run/start.mjs',
  globalTeardown: '<rootDir>/libs/testing/run/end.mjs',
  testTimeout: 120_000,
};
