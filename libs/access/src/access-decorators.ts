import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Caller } from './caller.js';
import type { Permission } from './permissions.js';

export const REQUIRED_PERMISSION = 'access:permission';
export const PUBLIC = 'access:public';
export const CALLER = Symbol('caller');

/** The route (or every route of the controller) asks for this permission. */
export const RequirePermission = (permission: Permission) => SetMetadata(REQUIRED_PERMISSION, permission);

/** The route is open to everybody, without a token. */
export const Public = () => SetMetadata(PUBLIC, true);

/** The caller of this request, as a parameter of a route that is not public. */
export const CurrentCaller = createParamDecorator(
  (_nothing: undefined, context: ExecutionContext): Caller | undefined =>
    context.switchToHttp().getRequest<{ [CALLER]?: Caller }>()[CALLER],
);
