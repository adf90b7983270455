import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { StartRefused } from '#libs/runtime';
import { accessOf, PUBLIC, REQUIRED_PERMISSION, SIGNED_IN, type SaidAccess } from './access-decorators.js';
import { isPermission } from './permissions.js';

/** One route of an app, and who may pass. */
export interface Route {
  /** `DeliveriesController.list` */
  name: string;
  method: string;
  /** `/deliveries/:position` */
  path: string;
  access: SaidAccess | undefined;
}

/** Every route of every controller, so that a new one is met by whatever looks at all of them. */
export function routesOf(app: { get(type: typeof DiscoveryService): DiscoveryService }): Route[] {
  return handlersOf(app.get(DiscoveryService)).map(({ controller, handler, ...route }) => ({
    ...route,
    access: accessOf(handler, controller),
  }));
}

/** @throws StartRefused naming every route that does not say who may use it, and the line to write */
export function requireSaidAccess(discovery: DiscoveryService): void {
  const mistakes = handlersOf(discovery).flatMap(({ name, method, path, controller, handler }) => {
    const mistake = mistakeOf(controller, handler);
    return mistake ? [`${name} (${method} ${path}): ${mistake}`] : [];
  });
  if (mistakes.length > 0) throw new StartRefused(`access is not said for every route:\n  ${mistakes.join('\n  ')}`);
}

type Controller = (new (...args: never[]) => object) & { prototype: Record<string, object> };

interface Handler extends Omit<Route, 'access'> {
  controller: Controller;
  handler: object;
}

function handlersOf(discovery: DiscoveryService): Handler[] {
  const controllers = discovery.getControllers().flatMap(({ metatype }) => (metatype ? [metatype as Controller] : []));
  return controllers.flatMap((controller) => {
    const names = new MetadataScanner().getAllMethodNames(controller.prototype);
    return names.flatMap((name): Handler[] => {
      const handler = controller.prototype[name]!;
      if (!Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
      const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number]!;
      return [{ name: `${controller.name}.${name}`, method, path: pathOf(controller, handler), controller, handler }];
    });
  });
}

function mistakeOf(controller: Controller, handler: object): string | undefined {
  const said = accessOf(handler, controller);
  if (said === undefined) {
    return "write @RequirePermission('…') above it, or @Public() if everybody may use it without a token";
  }
  if (said !== SIGNED_IN && said !== 'public' && !isPermission(said)) {
    return `@RequirePermission('${String(said)}') names no permission of the catalogue (libs/access/src/permissions.ts)`;
  }
  if (own(REQUIRED_PERMISSION, handler) && own(PUBLIC, handler)) return 'write @RequirePermission or @Public, not both';
  return undefined;
}

function own(key: string, target: object): boolean {
  return Reflect.hasMetadata(key, target);
}

function pathOf(controller: object, handler: object): string {
  const path = [Reflect.getMetadata(PATH_METADATA, controller), Reflect.getMetadata(PATH_METADATA, handler)]
    .map((part) => String(part ?? '').replace(/^\/|\/$/g, ''))
    .filter((part) => part !== '');
  return `/${path.join('/')}`;
}
