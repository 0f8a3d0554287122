"""A small model behind KServe's own model server: usage: model_server.py PORT.

Income decides whether a credit is given; the model's version is in its V2 answers.
"""

import sys
import uuid

from kserve import InferOutput, InferResponse, Model, ModelServer

FEATURES = ["age", "income", "city"]


class Credit(Model):
    def __init__(self):
        super().__init__("credit")
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": [int(row[1] > 3000) for row in payload["instances"]]}
        columns = {tensor.name: tensor.data for tensor in payload.inputs}
        if columns["income"][0] < 0:
            raise ValueError("no income is negative")
        decisions = [int(income > 3000) for income in columns["income"]]
        output = InferOutput("decision", [len(decisions)], "INT64", decisions)
        return InferResponse(
            payload.id or str(uuid.uuid4()), "credit", [output], model_version="2024-11")


if __name__ == "__main__":
    ModelServer(http_port=int(sys.argv[1]), enable_grpc=False, workers=1).start([Credit()])
