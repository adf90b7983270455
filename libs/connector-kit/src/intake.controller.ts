import { Controller, type Type } from '@nestjs/common';
import { Ctx, EventPattern, Payload } from '@nestjs/microservices';
import type { IncomingMessage, TopicContext } from '#libs/broker';
import { DeliveryEngine } from '#libs/delivery';

/** The handlers of one connector's queues; made per connector, since the queues carry its name. */
export function intakeControllerOf(app: string): Type {
  @Controller()
  class IntakeController {
    constructor(private readonly engine: DeliveryEngine) {}

    @EventPattern<string>(`${app}.events`)
    async take(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
      await this.engine.take(messages, context.life);
    }

    @EventPattern<string>(`${app}.dead`)
    async takeDead(@Payload() messages: IncomingMessage[], @Ctx() context: TopicContext): Promise<void> {
      await this.engine.takeDead(messages, context.life);
    }
  }
  return IntakeController;
}
