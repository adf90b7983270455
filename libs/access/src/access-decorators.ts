import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Caller } from './caller.js';
import type { Permission } from './permissions.js';

export const REQUIRED_PERMISSION = 'access:permission';
export const PUBLIC = 'access:public';
export const CALLER = Symbol('caller');

/** The route (or every route of the controller) asks for this permission. */
export const RequirePermission = (permission: Permission) => SetMetadata(REQUIRED_PERMISSION, permission);

/** Stands where a permission would: a good token is enough. */
export const SIGNED_IN = 'signed-in';

/** The route asks for a token and no permission: it answers what its caller may see, and nothing beyond. */
export const SignedIn = () => SetMetadata(REQUIRED_PERMISSION, SIGNED_IN);

/** The route is open to everybody, without a token. */
export const Public = () => SetMetadata(PUBLIC, true);

/** The caller of this request, as a parameter of a route that is not public. */
export const CurrentCaller = createParamDecorator(
  (_nothing: undefined, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<{ [CALLER]?: Caller }>()[CALLER],
);

export type SaidAccess = Permission | typeof SIGNED_IN | 'public';

/** Who may use a route; what the route says itself goes before what its controller says of all of them. */
export function accessOf(handler: object, controller: object): SaidAccess | undefined {
  return saidBy(handler) ?? saidBy(controller);
}

function saidBy(target: object): SaidAccess | undefined {
  const permission = Reflect.getMetadata(REQUIRED_PERMISSION, target) as Permission | typeof SIGNED_IN | undefined;
  return permission ?? (Reflect.getMetadata(PUBLIC, target) ? 'public' : undefined);
}
