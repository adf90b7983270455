import { RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { StartRefused } from '#libs/runtime';
import { PUBLIC, REQUIRED_PERMISSION } from './access-decorators.js';
import { isPermission } from './permissions.js';

/** @throws StartRefused naming every route that does not say who may use it, and the line to write */
export function requireSaidAccess(discovery: DiscoveryService): void {
  const mistakes = discovery
    .getControllers()
    .flatMap(({ metatype }) => (metatype ? mistakesOf(metatype as Controller) : []));
  if (mistakes.length > 0) throw new StartRefused(`access is not said for every route:\n  ${mistakes.join('\n  ')}`);
}

type Controller = (new (...args: never[]) => object) & { prototype: Record<string, object> };

function mistakesOf(controller: Controller): string[] {
  const names = new MetadataScanner().getAllMethodNames(controller.prototype);
  const routes = names.filter((name) => Reflect.hasMetadata(METHOD_METADATA, controller.prototype[name]!));
  return routes.flatMap((name) => {
    const mistake = mistakeOf(controller, controller.prototype[name]!);
    return mistake
      ? [`${controller.name}.${name} (${routeOf(controller, controller.prototype[name]!)}): ${mistake}`]
      : [];
  });
}

function mistakeOf(controller: Controller, handler: object): string | undefined {
  const permission = nearest(REQUIRED_PERMISSION, handler, controller);
  const open = nearest(PUBLIC, handler, controller);
  if (permission === undefined && open === undefined) {
    return "write @RequirePermission('…') above it, or @Public() if everybody may use it without a token";
  }
  if (permission !== undefined && !isPermission(permission)) {
    return `@RequirePermission('${String(permission)}') names no permission of the catalogue (libs/access/src/permissions.ts)`;
  }
  if (own(REQUIRED_PERMISSION, handler) && own(PUBLIC, handler)) return 'write @RequirePermission or @Public, not both';
  return undefined;
}

function nearest(key: string, handler: object, controller: object): unknown {
  return Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller);
}

function own(key: string, target: object): boolean {
  return Reflect.hasMetadata(key, target);
}

function routeOf(controller: object, handler: object): string {
  const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number];
  const path = [Reflect.getMetadata(PATH_METADATA, controller), Reflect.getMetadata(PATH_METADATA, handler)]
    .map((part) => String(part ?? '').replace(/^\/|\/$/g, ''))
    .filter((part) => part !== '');
  return `${method} /${path.join('/')}`;
}
