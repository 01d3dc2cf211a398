"""The run as estimators of scikit-learn, for programs that know nothing of this project."""
