import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from '#libs/runtime';
import { CALLER, PUBLIC, REQUIRED_PERMISSION } from './access-decorators.js';
import { missingPermission, type Caller } from './caller.js';
import type { Permission } from './permissions.js';
import { TokenVerifier } from './token-verifier.js';

/** Closed by default: without a good token and the route's permission nobody passes. Message handlers are not HTTP. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: TokenVerifier,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http' || this.mark(context, PUBLIC)) return true;
    const permission = this.mark<Permission>(context, REQUIRED_PERMISSION);
    const request = context.switchToHttp().getRequest<IncomingMessage & { [CALLER]?: Caller }>();
    const caller = await this.identify(request, context.switchToHttp().getResponse<ServerResponse>());
    if (!permission) throw new Problem({ type: 'closed', status: 403, detail: 'This route is open to nobody.' });
    if (!caller.may(permission)) throw missingPermission(permission);
    request[CALLER] = caller;
    return true;
  }

  private async identify(request: IncomingMessage, response: ServerResponse): Promise<Caller> {
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    try {
      if (!token) throw new Problem({ type: 'unauthenticated', status: 401, detail: 'This needs a bearer token.' });
      return await this.tokens.verify(token);
    } catch (error) {
      response.setHeader('www-authenticate', token ? 'Bearer error="invalid_token"' : 'Bearer');
      throw error;
    }
  }

  private mark<T = boolean>(context: ExecutionContext, key: string): T | undefined {
    return this.reflector.getAllAndOverride<T | undefined>(key, [context.getHandler(), context.getClass()]);
  }
}
