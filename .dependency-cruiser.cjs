/**
 * The laws of the house about imports; `npm run check` proves them. Each comment is the sentence a newcomer reads who
 * broke one. From the ground up, a lib may import what lies below its floor and nothing else.
 */
const floors = [
  ['contracts'],
  ['broker', 'outbox', 'runtime'],
  ['delivery', 'partner', 'settings', 'receivables', 'access'],
  ['connector-kit'],
  ['credit'],
];

const anyOf = (names) => `^libs/(${names.join('|')})/`;
const spec = '\\.spec\\.ts$|^(apps|libs)/[^/]+/test/';
/** Files that run in tests or on a developer's machine only. */
const outsideProduct = [spec, '^test/', '^tools/', '^libs/testing/', '^jest\\.config'];

const importsGoDown = floors.slice(0, -1).map((floor, level) => ({
  name: `imports-go-down-from-${floor[0]}`,
  comment: `Imports go down only: ${floor.join(', ')} must not know ${floors
    .slice(level + 1)
    .flat()
    .join(', ')}. Move what both need to the lower one, or let the higher one pass it in.`,
  severity: 'error',
  from: { path: anyOf(floor) },
  to: { path: anyOf(floors.slice(level + 1).flat()) },
}));

const neighboursAreStrangers = floors
  .filter((floor) => floor.length > 1)
  .map((floor) => ({
    name: `neighbours-of-${floor[0]}-are-strangers`,
    comment: `Neighbours on a floor do not know each other (${floor.join(', ')}): share the word in contracts, or meet in the kit or the app.`,
    severity: 'error',
    from: { path: anyOf(floor), pathNot: spec },
    to: { path: anyOf(floor), pathNot: '^libs/$1/' },
  }));

const onlyIn = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    ...importsGoDown,
    ...neighboursAreStrangers,
    onlyIn(
      'libs-do-not-know-apps',
      'A lib serves every app and knows none. Only its tests may use the sandbox, which plays the world outside.',
      { path: '^libs/' },
      { path: '^apps/' },
    ),
    onlyIn(
      'apps-are-strangers',
      'Apps are strangers: they meet in messages. What two of them need is a lib with a subject. Tests may use the sandbox.',
      { path: '^apps/([^/]+)/' },
      { path: '^apps/', pathNot: ['^apps/$1/', '^apps/sandbox/'] },
    ),
    onlyIn(
      'sandbox-is-for-tests',
      'The sandbox plays the world outside; no product code may lean on it, only tests and tools.',
      { path: '^(apps|libs)/', pathNot: ['^apps/sandbox/', ...outsideProduct] },
      { path: '^apps/sandbox/' },
    ),
    onlyIn(
      'testing-is-for-tests',
      'libs/testing serves specs, test/ and tools/ only; it must not come into a running app.',
      { path: '^(apps|libs)/', pathNot: outsideProduct },
      { path: '^libs/testing/' },
    ),
    onlyIn(
      'testing-knows-contracts-only',
      'libs/testing may import contracts and nothing else of the house, so that every lib can be tested with it.',
      { path: '^libs/testing/' },
      { path: '^(apps|libs)/', pathNot: ['^libs/testing/', '^libs/contracts/'] },
    ),
    onlyIn(
      'one-front-door-for-libs',
      'A lib has one front door: import it as #libs/<name>. What is not in its index.ts is its own affair.',
      { path: '^libs/([^/]+)/' },
      { path: '^libs/', pathNot: ['^libs/$1/', '^libs/[^/]+/src/index\\.ts$'] },
    ),
    onlyIn(
      'one-front-door',
      'A lib has one front door: import it as #libs/<name>. What is not in its index.ts is its own affair.',
      { path: '^(apps|test|tools)/' },
      { path: '^libs/', pathNot: '^libs/[^/]+/src/index\\.ts$' },
    ),
    onlyIn(
      'product-does-not-know-tools',
      'tools/ and test/ look at the product from outside; the product must not import them.',
      { path: '^(apps|libs)/' },
      { path: '^(tools|test)/' },
    ),
    onlyIn(
      'amqp-only-in-broker',
      'AMQP is spoken in libs/broker only: publish and consume through it.',
      { path: '^(apps|libs)/', pathNot: ['^libs/broker/', ...outsideProduct] },
      { path: 'node_modules/(@types/)?(amqplib|amqp-connection-manager|rhea)/' },
    ),
    onlyIn(
      'http-only-in-partner',
      'Calls to the world outside leave through libs/partner, which holds deadline, breaker, limiter and TLS.',
      { path: '^(apps|libs)/', pathNot: ['^libs/partner/', '^apps/sandbox/', ...outsideProduct] },
      { path: 'node_modules/(undici|axios|got|node-fetch|superagent|soap)/' },
    ),
    onlyIn(
      'sockets-only-in-partner',
      'Calls to the world outside leave through libs/partner. libs/runtime may open the ops server; nothing else opens sockets.',
      { path: '^(apps|libs)/', pathNot: ['^libs/partner/', '^libs/runtime/', '^apps/sandbox/', ...outsideProduct] },
      { path: '^(node:)?(https?|http2|net|tls|dgram)$', dependencyTypesNot: ['type-only'] },
    ),
    onlyIn(
      'breaker-only-in-partner',
      'opossum belongs to libs/partner: a second breaker around a call would count the same failures twice.',
      { path: '^(apps|libs)/', pathNot: ['^libs/partner/', ...outsideProduct] },
      { path: 'node_modules/(@types/)?opossum/' },
    ),
    onlyIn(
      'mappings-are-pure',
      'A mapping takes an event and gives a request: no input or output, no injection, no database, no clock.',
      { path: '\\.mapping\\.ts$' },
      {
        path: [
          '^node:',
          '^(fs|net|http|https|timers|crypto|child_process)$',
          'node_modules/(@nestjs|typeorm|pg|undici)/',
        ],
      },
    ),
    onlyIn(
      'product-needs-no-dev-packages',
      'An app runs from its dependencies alone: this package is a devDependency and missing in production.',
      { path: '^(apps|libs)/', pathNot: outsideProduct },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'], pathNot: 'node_modules/@types/' },
    ),
    onlyIn(
      'packages-are-declared',
      'This package is not in package.json: it is here by accident and may be gone tomorrow.',
      { path: '^(apps|libs|test|tools)/' },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    ),
    onlyIn(
      'everything-resolves',
      'This import leads nowhere: a wrong name, a missing `.js`, or a lib without src/index.ts.',
      { path: '^(apps|libs|test|tools)/' },
      { couldNotResolve: true },
    ),
    onlyIn(
      'no-circles',
      'These files import each other in a circle; which one runs first is then an accident. Only entities may refer to each other.',
      { path: '^(apps|libs|test|tools)/', pathNot: '\\.entity\\.ts$' },
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
    combinedDependencies: false,
  },
};
