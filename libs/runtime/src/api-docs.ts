import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Middleware } from './http-headers.js';
import { describeApi } from './openapi-document.js';

const fromSwagger = createRequire(import.meta.resolve('@nestjs/swagger'));
const ASSETS = dirname(fromSwagger.resolve('swagger-ui-dist/package.json'));
const ASSET_TYPES: Record<string, string> = {
  '/swagger-ui.css': 'text/css',
  '/swagger-ui-bundle.js': 'text/javascript',
};
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

const documents = new WeakMap<NestExpressApplication, string>();

/** `/docs` (a page), `/docs/openapi.json` and what the page loads, all from this app: nothing comes from elsewhere. */
export function docsOf(app: NestExpressApplication, name: string): Middleware {
  return (request, response, next) => {
    const path = (request.url ?? '/').split('?')[0]!;
    if (path === '/openapi.json') send(response, 'application/json', documentOf(app, name));
    else if (path === '/start.js') send(response, 'text/javascript', START);
    else if (path === '/') sendPage(response, name);
    else if (ASSET_TYPES[path]) sendAsset(response, path, next);
    else next();
  };
}

function documentOf(app: NestExpressApplication, name: string): string {
  let document = documents.get(app);
  if (document === undefined) {
    document = JSON.stringify(describeApi(app, name));
    documents.set(app, document);
  }
  return document;
}

function sendPage(response: ServerResponse, name: string): void {
  response.setHeader('content-security-policy', PAGE_POLICY);
  send(
    response,
    'text/html; charset=utf-8',
    `<!doctype html><html lang="en"><head><title>${name}</title><base href="/docs/"><link rel="stylesheet" href="swagger-ui.css"></head>` +
      '<body><div id="ui"></div><script src="swagger-ui-bundle.js"></script><script src="start.js"></script></body></html>',
  );
}

const START = "SwaggerUIBundle({ url: '/docs/openapi.json', dom_id: '#ui' });";

function sendAsset(response: ServerResponse, path: string, next: (error?: unknown) => void): void {
  response.setHeader('content-type', ASSET_TYPES[path]!);
  createReadStream(join(ASSETS, path)).on('error', next).pipe(response);
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, { 'content-type': type }).end(body);
}
