# AMQP_URL=amqp://erp-acme:…@broker/ponte python3 publish_events.py event.json …
import json
import os
import sys

import pika  # apt-get install python3-pika, or pip install pika

parameters = pika.URLParameters(os.environ["AMQP_URL"])
connection = pika.BlockingConnection(parameters)
channel = connection.channel()
channel.confirm_delivery()


def publish(event):
    """Returns when a queue has it on disk. Raises otherwise: publish the same event again, with the same id."""
    properties = pika.BasicProperties(
        content_type="application/cloudevents+json",
        delivery_mode=2,
        message_id=event.get("id"),
        type=event["type"],
        user_id=parameters.credentials.username,  # the broker checks it: this is who Ponte believes
        headers={"partitionkey": event.get("partitionkey") or event["subject"]},
    )
    body = json.dumps(event, ensure_ascii=False).encode("utf-8")
    channel.basic_publish("erp.events", event["type"], body, properties, mandatory=True)


# One after the other: the events of one title in the order in which the ERP committed them.
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        publish(json.load(file))
    print(f"published {path}")
connection.close()
