import { Controller, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { IncomingMessage, TopicContext } from '#libs/broker';
import { DeliveryEngine } from '#libs/delivery';
import { BalanceEar } from './balance-ear.js';

/** The handlers of one connector's queues; made per connector, since the queues carry its name. */
export function intakeControllerOf(app: string): Type {
  @Controller()
  class IntakeController {
    constructor(
      private readonly engine: DeliveryEngine,
      private readonly ear: BalanceEar,
    ) {}

    @EventPattern<string>(`${app}.events`)
    async take(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
      const { events, balances } = this.ear.sort(messages);
      if (events.length > 0) await this.engine.take(events, context.life);
      await this.ear.hear(balances);
    }

    @EventPattern<string>(`${app}.dead`)
    async takeDead(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
      const { events } = this.ear.sort(messages);
      if (events.length > 0) await this.engine.takeDead(events, context.life);
    }
  }
  return IntakeController;
}
