import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { CurrentCaller, RequirePermission, type Caller } from '#libs/access';
import { DeliveryEngine, type StandingPause } from '#libs/delivery';
import { Documented, notFound, Problem } from '#libs/runtime';
import { ReasonBody } from './deliveries.controller.js';
import { IntegrationDesk } from './integration-desk.js';

@Controller('integrations/:id/pauses')
export class EndpointsController {
  constructor(
    private readonly engine: DeliveryEngine,
    private readonly desk: IntegrationDesk,
  ) {}

  @Get()
  @RequirePermission('endpoints.read')
  @Documented({ summary: 'What stops the integration just now' })
  async list(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<{ items: StandingPause[] }> {
    caller.require('endpoints.read', await this.desk.read(id));
    const standing = await this.engine.endpoints.standing();
    return { items: standing.filter((pause) => pause.integrationId === id) };
  }

  @Post('operator')
  @HttpCode(204)
  @RequirePermission('endpoints.pause')
  @Documented({ summary: 'Stops every call of the integration until somebody resumes it' })
  async pause(@CurrentCaller() caller: Caller, @Param('id') id: string, @Body() { reason }: ReasonBody): Promise<void> {
    caller.require('endpoints.pause', await this.desk.read(id));
    for (const endpointId of await this.engine.endpoints.ofIntegration(id)) {
      await this.engine.endpoints.pause(endpointId, { reason: 'operator', detail: reason, setBy: caller.name });
    }
  }

  @Post('operator/resume')
  @HttpCode(204)
  @RequirePermission('endpoints.pause')
  async resume(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<void> {
    caller.require('endpoints.pause', await this.desk.read(id));
    const endpoints = await this.engine.endpoints.ofIntegration(id);
    if (endpoints.length === 0) throw notFound('The integration has no endpoint.');
    const stood = await Promise.all(
      endpoints.map((endpointId) => this.engine.endpoints.resume(endpointId, 'operator', caller.name)),
    );
    if (!stood.includes(true))
      throw new Problem({ type: 'not-paused', status: 409, detail: 'No operator pause stands on the integration.' });
    this.engine.stir();
  }
}
