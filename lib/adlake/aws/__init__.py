"""What only AWS has. The one place that imports boto3."""
