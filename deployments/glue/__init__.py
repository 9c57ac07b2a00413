"""The pipeline as jobs of AWS Glue or EMR Serverless, each a process of its own; knows no Prefect."""
