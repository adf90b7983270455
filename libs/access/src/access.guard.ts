import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from '#libs/runtime';
import { accessOf, CALLER, SIGNED_IN } from './access-decorators.js';
import { missingPermission, type Caller } from './caller.js';
import { TokenVerifier } from './token-verifier.js';

/** Closed by default: without a good token and the route's permission nobody passes. Message handlers are not HTTP. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(private readonly tokens: TokenVerifier) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const permission = accessOf(context.getHandler(), context.getClass());
    if (context.getType() !== 'http' || permission === 'public') return true;
    const request = context.switchToHttp().getRequest<IncomingMessage & { [CALLER]?: Caller }>();
    const caller = await this.identify(request, context.switchToHttp().getResponse<ServerResponse>());
    if (!permission) throw new Problem({ type: 'closed', status: 403, detail: 'This route is open to nobody.' });
    if (permission !== SIGNED_IN && !caller.may(permission)) throw missingPermission(permission);
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
}
