import { Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { ConnectionTest, ConnectorCourier, DEFAULT_GROUP, IntegrationDesk } from '#libs/connector-kit';
import { Documented, Problem } from '#libs/runtime';
import { readProducts, type DepsProduct } from './deps.answers.js';

type Products = { items: DepsProduct[] };

/** The products of the account, to choose the standard ones from [identificador de produtos]. */
@Controller('integrations/:id/products')
export class DepsProductsController {
  constructor(
    private readonly desk: IntegrationDesk,
    private readonly courier: ConnectorCourier,
    private readonly connection: ConnectionTest,
  ) {}

  @Get()
  @RequirePermission('integrations.read')
  @Documented({ summary: 'The products DEPS named at the last login' })
  async list(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<Products> {
    const integration = await this.desk.read(id);
    caller.require('integrations.read', integration);
    return { items: readProducts(await this.courier.loginNote(integration, DEFAULT_GROUP)) };
  }

  /** The "..." button. */
  @Post('refresh')
  @HttpCode(200)
  @RequirePermission('integrations.test')
  @Documented({ summary: 'Logs in at DEPS and reads its products anew' })
  async refresh(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<Products> {
    const integration = await this.desk.read(id);
    caller.require('integrations.test', integration);
    const login = await this.connection.logIn(integration);
    if (login.ok) return { items: readProducts(login.note) };
    const { pt, en } = login.detail;
    throw new Problem({ type: `deps-${login.problem}`, status: 409, detail: `${pt} / ${en}` });
  }
}
